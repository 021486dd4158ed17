package dev.vicreg.tools.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class SpriteSheetTest {
    private static BufferedImage plain(int width, int height, int rgb) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, rgb);
        }
        return image;
    }

    private static BufferedImage decoded(Map<String, Object> json) throws IOException {
        String url = (String) json.get("url");
        byte[] jpeg = Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1));
        return ImageIO.read(new ByteArrayInputStream(jpeg));
    }

    @Test
    void picturesOfAnyShapeStandInTheirCells() throws IOException {
        SpriteSheet sheet = new SpriteSheet(64, 100_000);
        sheet.add(plain(32, 16, 0xff0000));
        sheet.add(plain(200, 100, 0x00ff00));
        sheet.add(plain(8, 8, 0x0000ff));
        Map<String, Object> json = sheet.json();
        assertEquals(List.of(List.of(32, 16), List.of(64, 32), List.of(8, 8)), json.get("cells"));
        BufferedImage image = decoded(json);
        assertEquals(128, image.getWidth());
        assertEquals(0xff0000, (image.getRGB(10, 8) & 0xf00000) | 0x0f0000);
        assertEquals(0x00f000, image.getRGB(64 + 30, 16) & 0x80f080);
        assertEquals(0x0000f0, image.getRGB(4, 64 + 4) & 0x8080f0);
    }

    @Test
    void aSheetOfNoiseKeepsToItsLimit() throws IOException {
        Random random = new Random(0);
        SpriteSheet sheet = new SpriteSheet(64, 60_000);
        for (int i = 0; i < 100; i++) {
            BufferedImage noise = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
            for (int p = 0; p < 64 * 64; p++) {
                noise.setRGB(p % 64, p / 64, random.nextInt(1 << 24));
            }
            sheet.add(noise);
        }
        Map<String, Object> json = sheet.json();
        assertTrue(((String) json.get("url")).length() < 60_000 * 4 / 3 + 100);
        assertEquals((int) json.get("side") * 10, decoded(json).getWidth());
    }
}
