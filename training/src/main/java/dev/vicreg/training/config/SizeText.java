package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sides of pictures: {@code 224}, or {@code 128x256} of height 128 and width 256, in the order of tensors' axes. */
final class SizeText implements Codec<PictureSize> {
    static final int LEAST = 8;
    static final int MOST = 4096;
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,4})(?:x([0-9]{1,4}))?");

    @Override
    public PictureSize parse(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (matcher.matches()) {
            int height = Integer.parseInt(matcher.group(1));
            int width = matcher.group(2) == null ? height : Integer.parseInt(matcher.group(2));
            if (Math.min(height, width) >= LEAST && Math.max(height, width) <= MOST) {
                return new PictureSize(height, width);
            }
        }
        throw new SettingException("must be " + LEAST + " to " + MOST
                + " pixels, or such a height and width as 128x256, found \"" + text + "\"");
    }

    /** Squares are a number, as they always were. */
    @Override
    public Object json(PictureSize size) {
        return size.isSquare() ? (Object) size.height() : size.toString();
    }
}
