package dev.vicreg.training.data.picture;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.util.List;

/**
 * Views of pictures, uint8 [height, width, channels]: RGB, grey levels of one channel, or others.
 *
 * @param data of these channels, or RGB where grey levels are wanted
 * @param size of the views
 * @param channels of the views
 */
public record PictureViews(Dataset<Picture> data, Augmentation augmentation, PictureSize size, int channels)
        implements ViewSource {
    /** Square ones in colour. */
    public PictureViews(Dataset<Picture> data, Augmentation augmentation, int size) {
        this(data, augmentation, PictureSize.square(size), Picture.COLOURS);
    }

    /** @throws IllegalArgumentException if the size is not positive, or the augmentation is for other data */
    public PictureViews {
        if (size.shorter() < 1) {
            throw new SettingException("image size must be at least 1, found " + size);
        }
        augmentation.policy(0, PicturePolicy.class);
    }

    /** A view of the picture: a function of the arguments and nothing else. */
    static Picture view(Augmentation augmentation, Picture picture, PictureSize size, ViewKey key) {
        PicturePolicy policy = augmentation.policy(key.view(), PicturePolicy.class);
        return policy.draw(key.random(), picture.width(), picture.height()).apply(picture, size);
    }

    @Override
    public ViewType type() {
        return new ViewType(ViewType.Element.UINT8, List.of(size.height(), size.width(), channels));
    }

    @Override
    public boolean unrelatedViews() {
        return augmentation.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        Picture picture = data.sample(index);
        return (key, into, offset) -> {
            Picture view = view(augmentation, picture, size, key);
            into.put(offset, view.withChannels(channels).samples());
        };
    }
}
